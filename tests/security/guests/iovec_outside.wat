;; A list of pieces with one outside its memory
;; group: abi
;; ends: result
(module
  (import "infrafabric" "result" (func $result (param i32 i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $is (param i32 i32) (if (i32.ne (local.get 0) (local.get 1)) (then unreachable)))
  (data (i32.const 0) "\f0\ff\ff\ff\20\00\00\00")
  (func $write (param $list i32) (param $count i32) (result i32)
    (call $fd_write (i32.const 1) (local.get $list) (local.get $count) (i32.const 64)))
  (func (export "run")
    (call $is (call $write (i32.const 0) (i32.const 1)) (i32.const 21))
    (call $is (call $write (i32.const 65532) (i32.const 1)) (i32.const 21))
    (call $is (call $write (i32.const 0) (i32.const -1)) (i32.const 28))
    (call $result (i32.const 0) (i32.const 0))))
