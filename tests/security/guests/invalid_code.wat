;; Code that does not type
;; group: admission
;; ends: refused module_refused
(module
  (memory (export "memory") 1)
  (func (export "run") (i32.add (i64.const 1) (i32.const 1)) drop))
