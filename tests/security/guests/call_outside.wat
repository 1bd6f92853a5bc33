;; Calls through an element that is not there
;; group: execution
;; ends: trap table_out_of_bounds
(module
  (memory (export "memory") 1)
  (table 4 funcref)
  (func (export "run") (call_indirect (i32.const 4000000000))))
