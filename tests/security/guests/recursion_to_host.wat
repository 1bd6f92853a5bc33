;; Calls its host from each depth of its stack
;; group: execution
;; ends: trap stack_overflow
(module
  (import "infrafabric" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 1)
  (func $f (param i64) (result i64)
    (call $log (i32.const 3) (i32.const 0) (i32.const 0))
    (i64.add (call $f (i64.add (local.get 0) (i64.const 1))) (i64.const 1)))
  (func (export "run") (drop (call $f (i64.const 0)))))
