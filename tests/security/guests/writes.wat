;; Writes to the folder that it was granted
;; group: authority
;; ends: denied storage
;; storage: granted
(module
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $path_unlink_file (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "inside")
  (func $opens (param $folder i32) (param $path i32) (param $len i32) (param $how i32) (param $rights i64)
    ;; Success is the end: the run then has a result that it should not have.
    (if (i32.eqz (call $path_open (local.get $folder) (i32.const 0) (local.get $path) (local.get $len)
          (local.get $how) (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 1024)))
      (then (call $proc_exit (i32.const 0)))))
  (func (export "_start")
    (if (i32.eqz (call $path_unlink_file (i32.const 3) (i32.const 0) (i32.const 6)))
      (then (call $proc_exit (i32.const 0))))
    (call $opens (i32.const 3) (i32.const 0) (i32.const 6) (i32.const 9) (i64.const 64))
    (call $opens (i32.const 3) (i32.const 0) (i32.const 6) (i32.const 0) (i64.const 64))
    (call $proc_exit (i32.const 1))))
