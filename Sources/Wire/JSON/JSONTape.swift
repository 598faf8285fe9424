import Base
import CSimdJSON

/// The memory of one parsed document: simdjson's tape, read where it lies.
///
/// A tape is written by its parser alone, and only while nobody else refers to it; documents and views that
/// refer to it only read. `JSONParser` keeps that promise by asking `isKnownUniquelyReferenced` first.
// SAFETY: see above; every stored property is written in `init` and `parse` only.
@safe final class JSONTape: @unchecked Sendable {
    private let parser: OpaquePointer
    private(set) var words: UnsafePointer<UInt64>
    private(set) var strings: UnsafePointer<UInt8>
    private(set) var source: UnsafePointer<UInt8>
    private(set) var sourceCount = 0
    private var structurals: UnsafePointer<UInt32>
    private var structuralCount = 0

    /// A tape for documents of at most `depthMax` levels; nil when there is no memory.
    init?(depthMax: Int) {
        // simdjson refuses to open the container that reaches its limit.
        guard let parser = unsafe hg_json_create(depthMax + 1) else { return nil }
        unsafe self.parser = parser
        unsafe words = UnsafePointer(UnsafeRawPointer(parser).assumingMemoryBound(to: UInt64.self))
        unsafe strings = UnsafePointer(UnsafeRawPointer(parser).assumingMemoryBound(to: UInt8.self))
        unsafe source = strings
        unsafe structurals = UnsafePointer(UnsafeRawPointer(parser).assumingMemoryBound(to: UInt32.self))
    }

    deinit { unsafe hg_json_destroy(parser) }

    /// The longest input that needs no new memory.
    var capacity: Int { unsafe hg_json_capacity(parser) }

    /// Parses a copy of the bytes over what was there; the failure has no place in the input yet.
    func parse(_ bytes: UnsafeRawBufferPointer) -> JSONError.Code? {
        var tape = unsafe hg_json_tape()
        let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        switch Int(unsafe hg_json_parse(parser, start, bytes.count, &tape)) {
        case HG_JSON_OK: break
        case HG_JSON_OUT_OF_MEMORY: return .outOfMemory
        case HG_JSON_TOO_DEEP: return .tooDeep
        case HG_JSON_TOO_LARGE: return .tooLarge
        default: return .syntax
        }
        guard let words = unsafe tape.words, let strings = unsafe tape.strings,
            let source = unsafe tape.source, let structurals = unsafe tape.structurals
        else { return .outOfMemory }
        unsafe self.words = words
        unsafe self.strings = strings
        unsafe self.source = source
        unsafe self.structurals = structurals
        unsafe structuralCount = tape.structural_count
        sourceCount = bytes.count
        return nil
    }

    /// The letter by which simdjson names the type of the value at `index`.
    func type(_ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: unsafe words[index] >> 56) }

    /// The index after the value at `index`, all that it contains included.
    func after(_ index: Int) -> Int {
        let word = unsafe words[index]
        switch UInt8(truncatingIfNeeded: word >> 56) {
        case UInt8(ascii: "{"), UInt8(ascii: "["): return Int(UInt32(truncatingIfNeeded: word))
        case UInt8(ascii: "l"), UInt8(ascii: "u"), UInt8(ascii: "d"): return index + 2
        default: return index + 1
        }
    }

    /// The unescaped UTF-8 of the text or key at `index`.
    func text(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        let start = unsafe strings + Int(words[index] & 0x00FF_FFFF_FFFF_FFFF)
        let count = unsafe UnsafeRawPointer(start).loadUnaligned(as: UInt32.self)
        return unsafe UnsafeBufferPointer(start: start + 4, count: Int(count))
    }

    /// The index of the first member named `key` in the object at `index`: that of its value.
    func find(_ key: UnsafeBufferPointer<UInt8>, in index: Int) -> Int? {
        let end = after(index) - 1
        var position = index + 1
        while position < end {
            let name = unsafe text(position)
            if unsafe name.count == key.count && same(name, key) { return position + 1 }
            position = after(position + 1)
        }
        return nil
    }

    /// The bytes of the input from which the value at `index` was read.
    func sourceRange(_ index: Int) -> Range<Int> {
        let last = after(index) - 1
        var start: Int?
        var position = 1
        // Each structural byte but commas and colons stands for one entry of the tape, in the same order.
        for number in 0..<structuralCount {
            let offset = Int(unsafe structurals[number])
            let byte = unsafe source[offset]
            if byte == UInt8(ascii: ",") || byte == UInt8(ascii: ":") { continue }
            if position == index {
                guard byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") else {
                    return offset..<scalarEnd(offset)
                }
                start = offset
            }
            if let start, position == last { return start..<offset + 1 }
            // A bracket is one entry in any case; only numbers take two.
            position += isNumber(position) ? 2 : 1
        }
        return 0..<sourceCount
    }

    private func isNumber(_ index: Int) -> Bool {
        switch type(index) {
        case UInt8(ascii: "l"), UInt8(ascii: "u"), UInt8(ascii: "d"): true
        default: false
        }
    }

    private func scalarEnd(_ start: Int) -> Int {
        var end = start + 1
        guard unsafe source[start] == UInt8(ascii: "\"") else {
            while end < sourceCount, !Self.endsScalar(unsafe source[end]) { end += 1 }
            return end
        }
        while end < sourceCount, unsafe source[end] != UInt8(ascii: "\"") {
            end += unsafe source[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(end + 1, sourceCount)
    }

    private static func endsScalar(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: ":"): true
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): true
        default: false
        }
    }
}

/// Whether two runs of bytes of the same length are equal.
@inline(__always)
func same(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Bool {
    for offset in 0..<right.count where unsafe left[offset] != right[offset] { return false }
    return true
}
