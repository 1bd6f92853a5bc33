;; Makes a number of what is none
;; group: execution
;; ends: trap bad_conversion
(module
  (memory (export "memory") 1)
  (func (export "run") (drop (i32.trunc_f64_s (f64.const nan)))))
