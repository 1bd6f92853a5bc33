;; Opens files that it was not granted, through every number
;; group: authority
;; ends: denied storage
;; storage: granted
(module
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "etc/passwd")
  (data (i32.const 16) "../../../../etc/passwd")
  (data (i32.const 48) "/etc/passwd")
  (func $opens (param $folder i32) (param $path i32) (param $len i32) (param $how i32) (param $rights i64)
    ;; Success is the end: the run then has a result that it should not have.
    (if (i32.eqz (call $path_open (local.get $folder) (i32.const 0) (local.get $path) (local.get $len)
          (local.get $how) (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 1024)))
      (then (call $proc_exit (i32.const 0)))))
  (func (export "_start") (local $i i32)
    (loop $l
      (call $opens (local.get $i) (i32.const 0) (i32.const 10) (i32.const 0) (i64.const 2))
      (call $opens (local.get $i) (i32.const 16) (i32.const 22) (i32.const 0) (i64.const 2))
      (call $opens (local.get $i) (i32.const 48) (i32.const 11) (i32.const 0) (i64.const 2))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.lt_u (local.get $i) (i32.const 1000))))
    (call $proc_exit (i32.const 1))))
