;; Reads the file that it was granted
;; group: authority
;; ends: result
;; storage: granted
;; result: a granted line
(module
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $is (param i32 i32) (if (i32.ne (local.get 0) (local.get 1)) (then unreachable)))
  (data (i32.const 0) "inside")
  (data (i32.const 32) "\00\01\00\00\40\00\00\00")
  (func (export "_start")
    (call $is (call $path_open (i32.const 3) (i32.const 1) (i32.const 0) (i32.const 6) (i32.const 0)
      (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 1024)) (i32.const 0))
    (call $is (call $fd_read (i32.load (i32.const 1024)) (i32.const 32) (i32.const 1) (i32.const 36))
      (i32.const 0))
    (call $is (call $fd_write (i32.const 1) (i32.const 32) (i32.const 1) (i32.const 48))
      (i32.const 0))))
