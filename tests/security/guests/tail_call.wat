;; A tail call
;; group: admission
;; ends: refused module_refused
(module
  (memory (export "memory") 1)
  (func (export "run") (return_call 0)))
