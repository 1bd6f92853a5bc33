;; A memory that it wants from its host
;; group: admission
;; ends: refused module_refused
;; says: env.memory
(module
  (import "env" "memory" (memory 1))
  (func (export "run")))
