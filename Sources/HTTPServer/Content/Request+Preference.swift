extension Request {
    /// The media type that the client likes best; of equals the first, nil where it takes none of them.
    public func preferred(of types: [String]) -> String? {
        var best: (type: String, quality: Int)?
        for type in types {
            let quality = ContentNegotiation.quality(of: type, fields)
            if quality > best?.quality ?? 0 { best = (type, quality) }
        }
        return best?.type
    }
}
