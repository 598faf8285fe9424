public import Base

/// Writes one JSON text (RFC 8259) into an array of bytes: always valid UTF-8, commas and colons by itself.
///
/// Integers are exact. Doubles are written in the shortest form that reads back the same; NaN and the infinities,
/// which JSON cannot say, become `null`. Using it out of order (a value without a key in an object, ends that do not
/// match) is a bug of the caller and traps.
public struct JSONWriter: Sendable {
    /// What was written so far.
    public private(set) var bytes: [UInt8]
    /// Whether U+2028 and U+2029 are escaped, for JSON that is put into JavaScript source.
    public let escapesLineSeparators: Bool

    /// How many containers are open.
    public private(set) var depth = 0
    private static let firstCapacity = 256
    private var needsComma = false
    private var followsKey = false
    /// Which of the open containers are objects: the first 64 as bits, the others one by one.
    private var objects: UInt64 = 0
    private var deeper: [Bool] = []

    /// A writer that appends to `bytes`, which may hold anything and keep its capacity.
    public init(appendingTo bytes: consuming [UInt8] = [], escapesLineSeparators: Bool = false) {
        self.bytes = bytes
        // Most texts are short; growing towards them in small steps costs more than writing them.
        if self.bytes.capacity == 0 { self.bytes.reserveCapacity(Self.firstCapacity) }
        self.escapesLineSeparators = escapesLineSeparators
    }

    /// The text, when everything that was opened is closed.
    public consuming func finish() -> Bytes {
        precondition(depth == 0 && needsComma, "the JSON is not complete")
        return Bytes(bytes)
    }

    /// Opens an object, as a value.
    public mutating func beginObject() { open(isObject: true) }

    /// Closes the innermost container, which is an object.
    public mutating func endObject() { close(isObject: true) }

    /// Opens an array, as a value.
    public mutating func beginArray() { open(isObject: false) }

    /// Closes the innermost container, which is an array.
    public mutating func endArray() { close(isObject: false) }

    /// Writes an object whose members the closure writes.
    public mutating func object<E: Error>(_ body: (inout JSONWriter) throws(E) -> Void) throws(E) {
        beginObject()
        try body(&self)
        endObject()
    }

    /// Writes an array whose elements the closure writes.
    public mutating func array<E: Error>(_ body: (inout JSONWriter) throws(E) -> Void) throws(E) {
        beginArray()
        try body(&self)
        endArray()
    }

    /// Writes the name of the next member.
    public mutating func key(_ name: String) {
        separateKey()
        quoted(name)
        bytes.append(UInt8(ascii: ":"))
    }

    /// Writes a text.
    public mutating func value(_ text: String) {
        separateValue()
        quoted(text)
    }

    /// Writes UTF-8 as a text; bytes that are no UTF-8 become U+FFFD.
    public mutating func text(_ utf8: Bytes) {
        separateValue()
        unsafe utf8.withUnsafeBytes { unsafe quoted($0.assumingMemoryBound(to: UInt8.self), isValid: false) }
    }

    /// Writes an integer.
    public mutating func value(_ number: Int) { value(Int64(number)) }

    /// Writes an integer.
    public mutating func value(_ number: Int64) {
        separateValue()
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        decimal(number.magnitude)
    }

    /// Writes an integer.
    public mutating func value(_ number: UInt64) {
        separateValue()
        decimal(number)
    }

    /// Writes a number; `null` for NaN and the infinities.
    public mutating func value(_ number: Double) {
        guard number.isFinite else { return null() }
        separateValue()
        bytes.append(contentsOf: number.description.utf8)
    }

    /// Writes a number; `null` for NaN and the infinities.
    public mutating func value(_ number: Float) {
        guard number.isFinite else { return null() }
        separateValue()
        bytes.append(contentsOf: number.description.utf8)
    }

    /// Writes `true` or `false`.
    public mutating func value(_ truth: Bool) { word(truth ? "true" : "false") }

    /// Writes `null`.
    public mutating func null() { word("null") }

    /// Writes a value that is JSON already, such as a stored payload; nobody looks at it again.
    public mutating func raw(_ json: Bytes) {
        separateValue()
        unsafe json.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }

    /// Writes a value that knows how.
    public mutating func value<V: JSONWritable>(_ value: V) { value.write(to: &self) }

    /// Writes a name and its value.
    public mutating func field(_ name: String, _ text: String) {
        key(name)
        value(text)
    }

    /// Writes a name and its value.
    public mutating func field(_ name: String, _ number: Int) {
        key(name)
        value(number)
    }

    /// Writes a name and its value.
    public mutating func field<V: JSONWritable>(_ name: String, _ written: V) {
        key(name)
        written.write(to: &self)
    }

    private mutating func word(_ word: StaticString) {
        separateValue()
        word.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    }

    private mutating func separateValue() {
        if followsKey {
            followsKey = false
        } else {
            precondition(depth == 0 ? !needsComma : !isInObject, "a JSON value out of place")
            if needsComma { bytes.append(UInt8(ascii: ",")) }
        }
        needsComma = true
    }

    private mutating func separateKey() {
        precondition(depth > 0 && isInObject && !followsKey, "a JSON key out of place")
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        followsKey = true
    }

    /// Whether a name was written whose value is still to come.
    var awaitsValue: Bool { followsKey }

    /// Whether a value may come next.
    var takesValue: Bool { followsKey || (depth == 0 ? !needsComma : !isInObject) }

    private var isInObject: Bool { deeper.last ?? (objects & 1 != 0) }

    private mutating func open(isObject: Bool) {
        separateValue()
        if depth < 64 { objects = objects << 1 | (isObject ? 1 : 0) } else { deeper.append(isObject) }
        depth += 1
        needsComma = false
        bytes.append(isObject ? UInt8(ascii: "{") : UInt8(ascii: "["))
    }

    private mutating func close(isObject: Bool) {
        precondition(depth > 0 && isInObject == isObject && !followsKey, "a JSON end out of place")
        if depth <= 64 { objects >>= 1 } else { deeper.removeLast() }
        depth -= 1
        needsComma = true
        bytes.append(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]"))
    }

    private mutating func quoted(_ text: String) {
        var text = text
        text.withUTF8 { unsafe quoted($0, isValid: true) }
    }

    private mutating func quoted(_ utf8: UnsafeBufferPointer<UInt8>, isValid: Bool) {
        bytes.append(UInt8(ascii: "\""))
        unsafe JSONText.append(
            utf8, to: &bytes, isValid: isValid, escapesLineSeparators: escapesLineSeparators)
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func decimal(_ number: UInt64) {
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var start = 20
        var rest = number
        repeat {
            start -= 1
            digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        unsafe digits.span.extracting(start...).withUnsafeBufferPointer {
            unsafe bytes.append(contentsOf: $0)
        }
    }
}
