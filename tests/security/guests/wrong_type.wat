;; A known import by another type
;; group: admission
;; ends: refused module_refused
(module
  (import "infrafabric" "input_size" (func (param i64) (result i64)))
  (memory (export "memory") 1)
  (func (export "run")))
