public import Base
import Crypto
public import Wire

/// A file that is held in memory, ready to be sent as it is or as gzip.
public struct StaticFile: Sendable {
    /// The media type, with its charset.
    public let type: String
    /// One of the forms in which the file is sent.
    private struct Form: Sendable {
        let bytes: Bytes
        let etag: EntityTag
        let fields: HeaderFields
        /// What a 304 repeats.
        let validators: HeaderFields
    }

    private let plain: Form
    private let packed: Form?
    private let lastModified: Timestamp?

    /// Files that save less than this are not sent as gzip.
    private static let savingMin = 256

    /// A file of a media type; `fields` are added to each answer.
    public init(
        _ bytes: Bytes, type: String, cacheControl: String = "no-cache", lastModified: Timestamp? = nil,
        fields extra: HeaderFields = HeaderFields()
    ) {
        self.type = type
        self.lastModified = lastModified
        let tag = Hex.encode(SHA256.hash(bytes).part(0, 16))
        var packedBytes: Bytes?
        if bytes.count > Self.savingMin, MediaType.isCompressible(Bytes(type)) {
            // Without memory for it the file is sent as it is.
            packedBytes = try? gzip(bytes)
        }
        if let small = packedBytes, small.count + Self.savingMin > bytes.count { packedBytes = nil }

        var validators: HeaderFields = ["cache-control": cacheControl]
        if packedBytes != nil { validators.append("vary", "accept-encoding") }
        if let lastModified { validators.append("last-modified", lastModified.httpDate) }
        func form(_ bytes: Bytes, _ tag: String, encoding: String?) -> Form {
            let etag = EntityTag(opaque: Bytes(tag))
            var validators = validators
            validators.append("etag", etag.field)
            var fields = validators
            fields.append("content-type", type)
            fields.append("x-content-type-options", "nosniff")
            if let encoding { fields.append("content-encoding", encoding) }
            if encoding == nil { fields.append("accept-ranges", "bytes") }
            for (name, value) in extra { fields.append(name, value) }
            return Form(bytes: bytes, etag: etag, fields: fields, validators: validators)
        }
        plain = form(bytes, tag, encoding: nil)
        packed = packedBytes.map { form($0, tag + "-gzip", encoding: "gzip") }
    }

    /// The bytes as they are.
    public var bytes: Bytes { plain.bytes }

    /// The answer to a GET or HEAD: whole, a range, 304, or an error for 412 and 416.
    public func answer(_ request: Request) throws(APIError) -> Response {
        try answer(request.method, request.fields)
    }

    func answer(_ method: HTTPMethod, _ request: HeaderFields) throws(APIError) -> Response {
        // Ranges are of the file itself: a part of a compressed form is of use to nobody.
        let wanted = method == .get ? request.bytes("range") : nil
        let form = wanted == nil && ContentNegotiation.acceptsGzip(request) ? packed ?? plain : plain
        switch ConditionalRequest.evaluate(method, request, etag: form.etag, lastModified: lastModified) {
        case .notModified: return Response(status: .notModified, fields: form.validators)
        case .preconditionFailed: throw APIError(.preconditionFailed)
        case .proceed: break
        }
        guard let wanted, ConditionalRequest.allowsRange(request, etag: form.etag, lastModified: lastModified)
        else {
            return Response(fields: form.fields, body: .bytes(form.bytes))
        }
        switch ByteRange(wanted, count: form.bytes.count) {
        case .whole: return Response(fields: form.fields, body: .bytes(form.bytes))
        case .part(let range):
            var fields = form.fields
            let last = range.upperBound - 1
            fields.append("content-range", "bytes \(range.lowerBound)-\(last)/\(form.bytes.count)")
            return Response(status: .partialContent, fields: fields, body: .bytes(form.bytes[range]))
        case .unsatisfiable:
            let end: HeaderFields = ["content-range": "bytes */\(form.bytes.count)"]
            throw APIError(.rangeNotSatisfiable, fields: end)
        }
    }

    /// Answers with the file, whatever the path.
    public var handler: Handler {
        { request in try answer(request) }
    }
}
