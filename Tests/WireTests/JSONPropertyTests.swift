import Base
import Testing
import Wire

/// Trees made at random, from seeds that a failure prints.
@Suite struct JSONPropertyTests {
    /// SplitMix64.
    struct Seeded: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    static func text(_ random: inout Seeded) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0..<20, using: &random) {
            let range: ClosedRange<UInt32> =
                [
                    0...0x1F, 0x20...0x7E, 0x22...0x22, 0x5C...0x5C, 0x7F...0x7FF, 0x800...0xD7FF,
                    0xE000...0x10FFFF,
                ][
                    Int.random(in: 0..<7, using: &random)]
            if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &random)) {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    static func tree(_ random: inout Seeded, depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 7), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .integer(Int64.random(in: .min ... .max, using: &random))
        case 3: return .integer(Int64.random(in: -100...100, using: &random))
        case 4: return .unsigned(UInt64.random(in: (1 << 63)...UInt64.max, using: &random))
        case 5:
            let double = Double(bitPattern: random.next())
            return .double(double.isFinite ? double : 0.25)
        case 6: return .string(text(&random))
        case 7:
            return .array(
                (0..<Int.random(in: 0..<6, using: &random)).map { _ in tree(&random, depth: depth - 1) })
        default:
            let count = Int.random(in: 0..<40, using: &random) / 5
            return .object(
                JSONFields((0..<count).map { _ in (text(&random), tree(&random, depth: depth - 1)) }))
        }
    }

    @Test(arguments: 0..<400) func `a tree comes back as it was written`(seed: Int) throws {
        var random = Seeded(state: UInt64(seed))
        let tree = Self.tree(&random, depth: 6)
        let text = try JSON.encode(tree)
        #expect(text.text != nil, "seed \(seed)")
        let document = try JSON.parse(text)
        #expect(JSONValue(document.root) == tree, "seed \(seed)")
        #expect(document.root.raw == text, "seed \(seed)")
    }

    @Test(arguments: 0..<100) func `every part is found where it stood in the input`(seed: Int) throws {
        var random = Seeded(state: UInt64(seed) + 1_000_000)
        let tree = Self.tree(&random, depth: 5)
        try check(JSON.parse(JSON.encode(tree)).root, seed)
    }

    private func check(_ view: JSONView, _ seed: Int) throws {
        #expect(try JSONValue(JSON.parse(view.raw).root) == JSONValue(view), "seed \(seed)")
        for element in view.elements { try check(element, seed) }
        for member in view.members { try check(member.value, seed) }
    }

    @Test(arguments: 0..<300) func `a text with a byte changed is read or refused with a place`(seed: Int)
        throws
    {
        var random = Seeded(state: UInt64(seed) + 2_000_000)
        var bytes = try JSON.encode(Self.tree(&random, depth: 4)).array
        for _ in 0..<20 {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let before = bytes[place]
            bytes[place] = UInt8.random(in: .min ... .max, using: &random)
            do throws(JSONError) {
                let value = JSONValue(try JSON.parse(Bytes(bytes)).root)
                let again = try JSON.decode(JSONValue.self, from: JSON.encode(value))
                #expect(again == value, "seed \(seed)")
            } catch {
                #expect(error.offset != nil, "seed \(seed)")
            }
            bytes[place] = before
        }
    }
}
