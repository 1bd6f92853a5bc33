;; Looks for variables of its host
;; group: authority
;; ends: result
(module
  (import "infrafabric" "result" (func $result (param i32 i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes_get (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $is (param i32 i32) (if (i32.ne (local.get 0) (local.get 1)) (then unreachable)))
  (func (export "run")
    (call $is (call $environ_sizes_get (i32.const 0) (i32.const 4)) (i32.const 0))
    (call $is (i32.load (i32.const 0)) (i32.const 0))
    (call $result (i32.const 0) (i32.const 0))))
