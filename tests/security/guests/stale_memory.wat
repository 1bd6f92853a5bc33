;; Memory that it got a moment ago, so that all of it has moved
;; group: abi
;; ends: result
(module
  (import "infrafabric" "result" (func $result (param i32 i32)))
  (import "infrafabric" "random" (func $random (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "run")
    (call $random (i32.const 0) (i32.const 8))
    (drop (memory.grow (i32.const 100)))
    (call $random (i32.const 6553600) (i32.const 8))
    (call $result (i32.const 0) (i32.const 0))))
