;; A table of four thousand million elements at the start
;; group: admission
;; ends: refused module_refused
(module
  (memory (export "memory") 1)
  (table 4000000000 funcref)
  (func (export "run")))
