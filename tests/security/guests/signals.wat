;; Sends a signal
;; group: authority
;; ends: result
(module
  (import "infrafabric" "result" (func $result (param i32 i32)))
  (import "wasi_snapshot_preview1" "proc_raise" (func $proc_raise (param i32) (result i32)))
  (memory (export "memory") 1)
  (func $is (param i32 i32) (if (i32.ne (local.get 0) (local.get 1)) (then unreachable)))
  (func (export "run")
    (call $is (call $proc_raise (i32.const 9)) (i32.const 52))
    (call $result (i32.const 0) (i32.const 0))))
