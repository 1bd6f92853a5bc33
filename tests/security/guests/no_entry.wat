;; No entry
;; group: admission
;; ends: refused module_refused
;; says: neither _start nor run
(module
  (memory (export "memory") 1)
  (func (export "main")))
