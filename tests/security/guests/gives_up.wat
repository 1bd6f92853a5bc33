;; Gives up
;; group: execution
;; ends: trap unreachable
(module
  (memory (export "memory") 1)
  (func (export "run") unreachable))
