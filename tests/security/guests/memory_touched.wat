;; Writes to all of the memory that it may have
;; group: execution
;; ends: result
(module
  (import "infrafabric" "result" (func $result (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "run")
    (drop (memory.grow (i32.const 1023)))
    (memory.fill (i32.const 0) (i32.const 7) (i32.const 67108864))
    (call $result (i32.const 0) (i32.const 0))))
