;; Computes for a while: two hundred million turns of a loop with a multiplication and an addition.
(module
  (memory (export "memory") 1)
  (func (export "run") (local $i i32) (local $sum i64)
    (local.set $i (i32.const 200000000))
    (loop $next
      (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 6364136223846793005))
        (i64.const 1442695040888963407)))
      (br_if $next (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
    (i64.store (i32.const 0) (local.get $sum))))
