;; An exception
;; group: admission
;; ends: refused module_refused
(module
  (memory (export "memory") 1)
  (tag $t)
  (func (export "run") (throw $t)))
