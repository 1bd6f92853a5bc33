;; More memory at the start than its contract allows, which it does not show
;; group: admission
;; ends: out_of_memory memory
(module
  (memory 65536)
  (func (export "run")))
