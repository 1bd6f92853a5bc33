;; Divides the smallest number by -1
;; group: execution
;; ends: trap integer_overflow
(module
  (memory (export "memory") 1)
  (func (export "run") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))))
