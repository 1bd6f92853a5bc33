;; Calls its host before it has begun
;; group: abi
;; ends: trap unreachable
(module
  (import "infrafabric" "random" (func $random (param i32 i32)))
  (memory (export "memory") 1)
  (func $s (call $random (i32.const 0) (i32.const 64)))
  (start $s)
  (func (export "run") unreachable))
