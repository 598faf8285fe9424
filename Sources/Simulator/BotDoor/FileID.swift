import Base

/// The names by which bots know a file: one of their own, and one that is the same for all.
struct FileID: Equatable {
    let kind: Media.Kind
    let number: Int
    /// Which of a photo's sizes, from the smallest; 0 for other files.
    let size: Int

    private static let kinds = Media.Kind.allCases

    /// What one bot calls it; others cannot use that.
    func text(for bot: Int64) -> String {
        var bytes = head
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: bot >> Int64(shift)))
        }
        bytes.append(Self.check(bytes))
        return "BQ" + Base64.url.encode(Bytes(bytes))
    }

    /// What every bot calls it.
    var unique: String { "AQAD" + Base64.url.encode(Bytes(head)) }

    private var head: [UInt8] {
        var bytes = [UInt8(Self.kinds.firstIndex(of: kind) ?? 0), UInt8(size)]
        for shift in stride(from: 24, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
        return bytes
    }

    /// Reads what a bot has been given; nil where it was not.
    static func read(_ text: String, for bot: Int64) -> FileID? {
        guard text.hasPrefix("BQ"), let bytes = Base64.url.decode(Bytes(text.dropFirst(2))),
            bytes.count == 15,
            check(bytes.part(0, 14).array) == bytes[14], kinds.indices.contains(Int(bytes[0]))
        else { return nil }
        let owner = bytes.part(6, 8).reduce(0) { $0 << 8 | UInt64($1) }
        guard owner == UInt64(bitPattern: bot) else { return nil }
        let number = bytes.part(2, 4).reduce(0) { $0 << 8 | Int($1) }
        return FileID(kind: kinds[Int(bytes[0])], number: number, size: Int(bytes[1]))
    }

    private static func check(_ bytes: [UInt8]) -> UInt8 {
        bytes.reduce(0x5A) { $0 &* 31 &+ $1 }
    }
}
