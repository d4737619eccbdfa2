;; The operations of the network, four floats at a time; assembled by wat.py, which explains the shorthands.
;; All places and lengths are bytes in the memory, counts are plain numbers. A picture lies as rows of pixels of `from` or
;; `channels` floats, a multiple of four; a skip is what lies between two rows.

;; The first layer: 5 x 5 of three channels, every second pixel, 24 channels out, nothing below zero. Two pixels at a time.
;; `in` is the upper left pixel of the first square.
(func stem (param i32 $in $inRow $out $outSkip $weights $bias $size)
  (local i32 $row $column $line $p $at $tap $down) (local v128 $w $x $y $zero $a0 $a1 $a2 $a3 $a4 $a5 $b0 $b1 $b2 $b3 $b4 $b5)
  (= $row $size)
  (times $row 1
    (= $line $in) (= $column $size)
    (times $column 2
      (each # 6 (= $a# (v128.load offset=16*# $bias)) (= $b# $a#))
      (= $at $weights) (= $p $line) (= $down 5)
      (times $down 1
        (= $tap 15)
        (times $tap 1
          (= $x (v128.load32_splat $p)) (= $y (v128.load32_splat offset=24 $p))
          (each # 6
            (= $w (v128.load offset=16*# $at))
            (++ $a# (f32x4.mul $w $x)) (++ $b# (f32x4.mul $w $y)))
          (+= $p 4) (+= $at 96))
        (+= $p (i32.sub $inRow 60)))
      (each # 6
        (v128.store offset=16*# $out (f32x4.pmax $a# $zero))
        (v128.store offset=16*# (i32.add $out 96) (f32x4.pmax $b# $zero)))
      (+= $out 192) (+= $line 48))
    (+= $in (i32.mul $inRow 2)) (+= $out $outSkip)))

;; A 3 x 3 convolution of each channel. `in` is the upper left pixel of the first square.
(func spread (param i32 $in $inRow $out $weights $bias $size $channels $stride)
  (local i32 $c $row $column $line $from $to $p $pixel) (local v128 $a $b $w0 $w1 $w2 $w3 $w4 $w5 $w6 $w7 $w8)
  (= $pixel (i32.mul $channels 4)) (= $c $channels)
  (times $c 4
    (each # 9 (= $w# (v128.load (i32.add $weights (i32.mul $pixel #)))))
    (= $b (v128.load $bias)) (= $line $in) (= $to $out) (= $row $size)
    (times $row 1
      (= $from $line) (= $column $size)
      (times $column 1
        (= $p $from)
        (= $a (f32x4.add $b (f32x4.mul $w0 (v128.load $p))))
        (++ $a (f32x4.mul $w1 (v128.load (i32.add $p $pixel))))
        (++ $a (f32x4.mul $w2 (v128.load (i32.add $p (i32.add $pixel $pixel)))))
        (+= $p $inRow)
        (++ $a (f32x4.mul $w3 (v128.load $p)))
        (++ $a (f32x4.mul $w4 (v128.load (i32.add $p $pixel))))
        (++ $a (f32x4.mul $w5 (v128.load (i32.add $p (i32.add $pixel $pixel)))))
        (+= $p $inRow)
        (++ $a (f32x4.mul $w6 (v128.load $p)))
        (++ $a (f32x4.mul $w7 (v128.load (i32.add $p $pixel))))
        (++ $a (f32x4.mul $w8 (v128.load (i32.add $p (i32.add $pixel $pixel)))))
        (v128.store $to $a)
        (+= $to $pixel) (+= $from (i32.mul $pixel $stride)))
      (+= $line (i32.mul $inRow $stride)))
    (+= $in 16) (+= $out 16) (+= $weights 16) (+= $bias 16)))

;; The largest of each 2 x 2 pixels.
(func largest (param i32 $in $inRow $out $size $channels)
  (local i32 $c $row $column $pixel $below)
  (= $pixel (i32.mul $channels 4)) (= $row $size)
  (times $row 1
    (= $below (i32.add $in $inRow)) (= $column $size)
    (times $column 1
      (= $c $channels)
      (times $c 4
        (v128.store $out (f32x4.pmax
          (f32x4.pmax (v128.load $in) (v128.load (i32.add $in $pixel)))
          (f32x4.pmax (v128.load $below) (v128.load (i32.add $below $pixel)))))
        (+= $in 16) (+= $below 16) (+= $out 16))
      (+= $in $pixel) (+= $below $pixel))
    (+= $in (i32.sub (i32.mul $inRow 2) (i32.mul (i32.mul $pixel 2) $size)))))

;; out = max(least, in x weights + bias + kept), each pixel's channels for themselves, four pixels of a row at a time. The weights
;; lie as [to / 4][from][4]; the first `keptFrom` channels have something kept, 0 for none.
(func mix (param i32 $in $inSkip $out $outSkip $kept $keptSkip $keptFrom $weights $bias $rows $columns $from $to) (param f32 $least)
  (local i32 $column $c $channel $at $b $left $p0 $p1 $p2 $p3 $k0 $k1 $k2 $k3 $o0 $o1 $o2 $o3 $inPixel $outPixel $keptPixel)
  (local v128 $a0 $a1 $a2 $a3 $w $floor)
  (= $floor (f32x4.splat $least))
  (= $inPixel (i32.mul $from 4)) (= $outPixel (i32.mul $to 4)) (= $keptPixel (i32.mul $keptFrom 4))
  (times $rows 1
    (= $column $columns)
    (times $column 4
      (= $at $weights) (= $b $bias) (= $left $keptFrom) (= $c $to)
      (each # 4
        (= $o# (i32.add $out (i32.mul $outPixel #)))
        (= $k# (i32.add $kept (i32.mul $keptPixel #))))
      (times $c 4
        (= $a0 (v128.load $b)) (= $a1 $a0) (= $a2 $a0) (= $a3 $a0)
        (each # 4 (= $p# (i32.add $in (i32.mul $inPixel #))))
        (= $channel $from)
        (times $channel 4
          (each @ 4
            (= $w (v128.load offset=16*@ $at))
            (each # 4 (++ $a# (f32x4.mul $w (v128.load32_splat offset=4*@ $p#)))))
          (each # 4 (+= $p# 16))
          (+= $at 64))
        (if $left
          (each # 4 (++ $a# (v128.load $k#)) (+= $k# 16))
          (= $left (i32.sub $left 4)))
        (each # 4
          (v128.store $o# (f32x4.pmax $a# $floor))
          (+= $o# 16))
        (+= $b 16))
      (+= $in (i32.mul $inPixel 4)) (+= $out (i32.mul $outPixel 4)) (+= $kept (i32.mul $keptPixel 4)))
    (+= $in $inSkip) (+= $out $outSkip) (+= $kept $keptSkip)))
