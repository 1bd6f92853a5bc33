;; Answers to be put where it has no memory
;; group: abi
;; ends: result
(module
  (import "infrafabric" "result" (func $result (param i32 i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $fd_fdstat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $is (param i32 i32) (if (i32.ne (local.get 0) (local.get 1)) (then unreachable)))
  (func $poll (param $count i32) (result i32)
    (call $poll_oneoff (i32.const 0) (i32.const 0) (local.get $count) (i32.const 0)))
  (func (export "run")
    (call $is (call $args_get (i32.const 65535) (i32.const 0)) (i32.const 21))
    (call $is (call $environ_sizes_get (i32.const -1) (i32.const 0)) (i32.const 21))
    (call $is (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 65530)) (i32.const 21))
    (call $is (call $random_get (i32.const 1) (i32.const -1)) (i32.const 21))
    (call $is (call $fd_fdstat_get (i32.const 0) (i32.const 65520)) (i32.const 21))
    (call $is (call $poll (i32.const -1)) (i32.const 21))
    (call $is (call $poll (i32.const 1000)) (i32.const 28))
    (call $result (i32.const 0) (i32.const 0))))
