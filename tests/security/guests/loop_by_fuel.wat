;; An endless loop, with little fuel
;; group: execution
;; ends: out_of_fuel fuel
;; with: fuel=1000000
(module
  (memory (export "memory") 1)
  (func (export "run") (loop $l (br $l))))
