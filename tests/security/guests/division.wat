;; Divides by zero
;; group: execution
;; ends: trap division_by_zero
(module
  (memory (export "memory") 1)
  (func (export "run") (drop (i32.div_u (i32.const 1) (i32.const 0)))))
