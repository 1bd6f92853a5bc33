;; Grows its table until it is refused, and gives up
;; group: execution
;; ends: out_of_memory table
(module
  (memory (export "memory") 1)
  (table $t 1 funcref)
  (func (export "run")
    (loop $l (br_if $l (i32.ne (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1))))
    unreachable))
