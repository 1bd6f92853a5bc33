;; A result longer than its contract allows
;; group: execution
;; ends: bad_result too_long
(module
  (import "infrafabric" "result" (func $result (param i32 i32)))
  (memory (export "memory") 16)
  (func (export "run") (call $result (i32.const 0) (i32.const 1048576))))
