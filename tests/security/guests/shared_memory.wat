;; A memory that threads share
;; group: admission
;; ends: refused module_refused
(module
  (memory (export "memory") 1 2 shared)
  (func (export "run")))
