;; An entry that takes an argument
;; group: admission
;; ends: refused module_refused
(module
  (memory (export "memory") 1)
  (func (export "run") (param i32)))
