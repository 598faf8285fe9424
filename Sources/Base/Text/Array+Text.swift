extension [UInt8] {
    /// Appends the UTF-8 form of a text.
    package mutating func append(text: String) { append(contentsOf: text.utf8) }

    /// Appends a whole number in decimal digits.
    package mutating func append(decimal number: Int) {
        if number < 0 { append(UInt8(ascii: "-")) }
        append(decimal: UInt64(number.magnitude))
    }

    /// Appends a whole number in decimal digits.
    package mutating func append(decimal number: Int64) { append(decimal: Int(number)) }

    /// Appends a whole number in decimal digits.
    package mutating func append(decimal number: UInt64) {
        guard number > 9 else { return append(0x30 + UInt8(truncatingIfNeeded: number)) }
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var (rest, start) = (number, 20)
            while rest > 0 {
                start -= 1
                unsafe digits[start] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            unsafe append(contentsOf: digits[start...])
        }
    }

    /// Appends the last two digits of a number that is not negative.
    package mutating func append(twoDigits number: Int) {
        append(0x30 + UInt8(truncatingIfNeeded: UInt(bitPattern: number) / 10 % 10))
        append(0x30 + UInt8(truncatingIfNeeded: UInt(bitPattern: number) % 10))
    }
}
