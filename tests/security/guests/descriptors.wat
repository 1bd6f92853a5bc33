;; Reads from and closes every descriptor that its host may have left open
;; group: authority
;; ends: result
(module
  (import "infrafabric" "result" (func $result (param i32 i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_seek" (func $fd_seek (param i32 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (memory (export "memory") 1)
  (func $is (param i32 i32) (if (i32.ne (local.get 0) (local.get 1)) (then unreachable)))
  (data (i32.const 0) "\00\01\00\00\40\00\00\00")
  (func (export "run") (local $i i32)
    (local.set $i (i32.const 3))
    (loop $l
      (call $is (call $fd_read (local.get $i) (i32.const 0) (i32.const 1) (i32.const 64)) (i32.const 8))
      (call $is (call $fd_seek (local.get $i) (i64.const 0) (i32.const 0) (i32.const 64)) (i32.const 8))
      (call $is (call $fd_close (local.get $i)) (i32.const 8))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.lt_u (local.get $i) (i32.const 2000))))
    (call $result (i32.const 0) (i32.const 0))))
