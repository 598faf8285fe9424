public import Base
public import Wire

/// Whether a request is to be served, by what the client says it has already (RFC 9110, 13).
public enum ConditionalRequest {
    /// What the preconditions came to.
    public enum Outcome: Sendable, Equatable {
        /// Serve the request.
        case proceed
        /// The client has it: 304.
        case notModified
        /// The client meant another state than there is: 412.
        case preconditionFailed
    }

    /// Weighs the preconditions in the order of RFC 9110, 13.2.2.
    ///
    /// The tag and the time are those of the form that would be sent. `exists` is false where there is nothing yet,
    /// as for a `PUT` that creates.
    public static func evaluate(
        _ method: HTTPMethod, _ fields: HeaderFields, etag: EntityTag?, lastModified: Timestamp? = nil,
        exists: Bool = true
    ) -> Outcome {
        if fields.contains("if-match") {
            guard matches(fields.all("if-match"), etag, exists, strongly: true) else {
                return .preconditionFailed
            }
        } else if let time = time(fields, "if-unmodified-since"), let lastModified {
            guard lastModified.seconds <= time.seconds else { return .preconditionFailed }
        }
        let isRead = method == .get || method == .head
        if fields.contains("if-none-match") {
            guard matches(fields.all("if-none-match"), etag, exists, strongly: false) else { return .proceed }
            return isRead ? .notModified : .preconditionFailed
        }
        guard isRead, let time = time(fields, "if-modified-since"), let lastModified else { return .proceed }
        return lastModified.seconds <= time.seconds ? .notModified : .proceed
    }

    /// Whether a range may be served: there is no `If-Range`, or it names exactly what there is.
    public static func allowsRange(_ fields: HeaderFields, etag: EntityTag?, lastModified: Timestamp? = nil)
        -> Bool
    {
        guard let field = fields.bytes("if-range") else { return true }
        if let tag = EntityTag(field: field) { return etag?.matchesStrongly(tag) ?? false }
        guard let time = Timestamp(httpDate: field), let lastModified else { return false }
        return lastModified.seconds == time.seconds
    }

    private static func matches(_ fields: [Bytes], _ etag: EntityTag?, _ exists: Bool, strongly: Bool) -> Bool
    {
        switch EntityTagList(fields) {
        case .any: return exists
        case .tags(let tags):
            guard exists, let etag else { return false }
            return tags.contains { strongly ? etag.matchesStrongly($0) : etag.matchesWeakly($0) }
        }
    }

    /// A time that cannot be read is as good as none.
    private static func time(_ fields: HeaderFields, _ name: StaticString) -> Timestamp? {
        fields.bytes(name).flatMap { Timestamp(httpDate: $0) }
    }
}
