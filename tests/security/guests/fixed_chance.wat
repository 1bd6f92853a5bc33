;; Draws from the seed of its contract, in two pieces
;; group: authority
;; ends: result
;; with: seed=7
;; result: hex:76108f84396dc2d7
(module
  (import "infrafabric" "result" (func $result (param i32 i32)))
  (import "infrafabric" "random" (func $random (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "run")
    (call $random (i32.const 0) (i32.const 5))
    (call $random (i32.const 5) (i32.const 3))
    (call $result (i32.const 0) (i32.const 8))))
