;; Calls through an empty element
;; group: execution
;; ends: trap call_to_null
(module
  (memory (export "memory") 1)
  (table 4 funcref)
  (func (export "run") (call_indirect (i32.const 2))))
