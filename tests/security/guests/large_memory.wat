;; More memory at the start than its contract allows
;; group: admission
;; ends: refused module_refused
;; says: 65536 pages
(module
  (memory (export "memory") 65536)
  (func (export "run")))
