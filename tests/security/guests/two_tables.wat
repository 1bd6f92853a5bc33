;; Two tables
;; group: admission
;; ends: refused module_refused
(module
  (memory (export "memory") 1)
  (table 1 funcref)
  (table 1 funcref)
  (func (export "run")))
