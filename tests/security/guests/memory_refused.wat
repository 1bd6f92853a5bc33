;; Grows its memory until it is refused, and does without
;; group: execution
;; ends: result
(module
  (import "infrafabric" "result" (func $result (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "run")
    (loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
    (call $result (i32.const 0) (i32.const 0))))
