;; An import that nobody provides
;; group: admission
;; ends: refused module_refused
;; says: env.system
(module
  (import "env" "system" (func (param i32)))
  (memory (export "memory") 1)
  (func (export "run")))
