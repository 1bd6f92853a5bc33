;; Ends without a result
;; group: execution
;; ends: bad_result no_result
(module
  (memory (export "memory") 1)
  (func (export "run")))
