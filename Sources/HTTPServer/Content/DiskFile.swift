import Base
import Glibc
package import Reactor
import Wire

/// A file on disk that is sent piece by piece, as a whole or in part, whatever its size.
package struct DiskFile: Sendable {
    private let path: String
    private let size: Int
    private let tag: EntityTag
    private let type: String
    private let pool: BlockingPool

    /// Bytes that are read, and wait for a slow client, at once.
    private static let pieceBytes = 256 << 10

    /// A file whose content has the name `tag`, for as long as that name means the same bytes.
    package init(_ path: String, size: Int, tag: String, type: String, pool: BlockingPool) {
        self.path = path
        self.size = size
        self.tag = EntityTag(opaque: Bytes(tag))
        self.type = type
        self.pool = pool
    }

    /// The answer to a GET or HEAD: whole, a range, 304, or an error for 412 and 416.
    package func answer(_ request: Request) async throws -> Response {
        var fields: HeaderFields = [
            "cache-control": "private, max-age=3600", "accept-ranges": "bytes", "content-type": type,
            // What somebody sent to a bot must not run as a page of ours.
            "content-security-policy": "sandbox; default-src 'none'", "x-content-type-options": "nosniff",
        ]
        fields.append("etag", tag.field)
        switch ConditionalRequest.evaluate(request.method, request.fields, etag: tag, lastModified: nil) {
        case .notModified: return Response(status: .notModified, fields: fields)
        case .preconditionFailed: throw APIError(.preconditionFailed)
        case .proceed: break
        }
        var range = 0..<size
        var status = HTTPStatus.ok
        let wanted = request.method == .get ? request.fields.bytes("range") : nil
        if let wanted, ConditionalRequest.allowsRange(request.fields, etag: tag, lastModified: nil) {
            switch ByteRange(wanted, count: size) {
            case .whole: break
            case .part(let part):
                range = part
                status = .partialContent
                fields.append("content-range", "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(size)")
            case .unsatisfiable:
                throw APIError(.rangeNotSatisfiable, fields: ["content-range": "bytes */\(size)"])
            }
        }
        // Opened now: whoever makes room meanwhile does not take it from this reader.
        let file = try await pool.run { [path] in try OpenFile(path) }
        return .stream(status: status, fields: fields, length: UInt64(range.count)) { [pool, range] writer in
            var offset = range.lowerBound
            while offset < range.upperBound {
                let (at, count) = (offset, min(Self.pieceBytes, range.upperBound - offset))
                let piece = try await pool.run { try file.read(count, at: at) }
                guard !piece.isEmpty else { throw CutOff() }
                try await writer.write(piece)
                offset += piece.count
            }
        }
    }

    /// The file has become shorter than it was.
    private struct CutOff: Error {}

    /// A descriptor that is closed when nobody holds it.
    private final class OpenFile: Sendable {
        private let descriptor: Int32

        init(_ path: String) throws {
            descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else {
                // Of too many open files, say, the file is not to blame.
                throw errno == ENOENT
                    ? APIError(.notFound, "The file is gone")
                    : APIError(.unavailable, "The file cannot be opened now")
            }
        }

        deinit { close(descriptor) }

        func read(_ count: Int, at offset: Int) throws -> Bytes {
            var buffer = [UInt8](repeating: 0, count: count)
            let got = unsafe pread(descriptor, &buffer, count, offset)
            guard got >= 0 else { throw CutOff() }
            return Bytes(Array(buffer.prefix(got)))
        }
    }
}
