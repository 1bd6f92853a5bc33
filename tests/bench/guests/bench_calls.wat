;; Ten million calls that copy nothing.
(module
  (import "infrafabric" "input_size" (func $input_size (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (local $i i32)
    (local.set $i (i32.const 10000000))
    (loop $next
      (drop (call $input_size))
      (br_if $next (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))))
