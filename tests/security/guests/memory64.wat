;; A memory with 64-bit addresses
;; group: admission
;; ends: refused module_refused
(module
  (memory (export "memory") i64 1)
  (func (export "run")))
