import Base
import Crypto

/// Reads a backup frame by frame, and compares the checksum at its end.
struct FrameSource: ~Copyable {
    private let source: BackupSource
    private var checksum: SHA256? = SHA256()
    private var isAtEnd = false

    init(_ source: @escaping BackupSource) throws {
        self.source = source
        guard try take(BackupFormat.magic.count) == BackupFormat.magic else {
            throw BackupError.damaged("it does not begin as one")
        }
    }

    /// The schema's step, and when the backup was made; to be asked for first.
    mutating func header() throws -> (schema: Int, madeAt: Timestamp) {
        guard let (kind, bytes) = try frame(), kind == .header else {
            throw BackupError.damaged("it has no header")
        }
        var frame = FrameReader(bytes)
        return (Int(try frame.number(Int64.self)), Timestamp(milliseconds: try frame.number(Int64.self)))
    }

    /// The next frame with a table or with rows; nil at the end, when the checksum has been found right.
    mutating func next() throws -> (BackupFormat.Kind, Bytes)? {
        guard !isAtEnd, let (kind, bytes) = try frame() else { return nil }
        guard kind == .end else { return (kind, bytes) }
        isAtEnd = true
        guard let sum = checksum.take()?.finish(), try source(BackupFormat.checksumBytes) == sum else {
            throw BackupError.damaged("the checksum does not match")
        }
        guard try source(1).isEmpty else { throw BackupError.damaged("something follows its end") }
        return nil
    }

    private mutating func frame() throws -> (BackupFormat.Kind, Bytes)? {
        var head = FrameReader(try take(5))
        guard let kind = BackupFormat.Kind(rawValue: try head.number(UInt8.self)) else {
            throw BackupError.damaged("a frame of an unknown kind")
        }
        let count = Int(try head.number(UInt32.self))
        guard count <= BackupFormat.frameBytesMax else { throw BackupError.damaged("a frame is too long") }
        return (kind, try take(count))
    }

    private mutating func take(_ count: Int) throws -> Bytes {
        let bytes = try source(count)
        guard bytes.count == count else { throw BackupError.damaged("it ends too early") }
        checksum?.update(bytes)
        return bytes
    }
}
