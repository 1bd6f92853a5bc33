;; A larger table at the start than its contract allows
;; group: admission
;; ends: out_of_memory table
(module
  (memory (export "memory") 1)
  (table 20000 funcref)
  (func (export "run")))
