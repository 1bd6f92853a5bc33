;; Two memories
;; group: admission
;; ends: refused module_refused
(module
  (memory (export "memory") 1)
  (memory 1)
  (func (export "run")))
