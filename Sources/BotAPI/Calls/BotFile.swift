package import Base
internal import Wire

/// A file that can be downloaded, for an hour at least.
package struct BotFile: Sendable, Equatable {
    package let id: String
    /// The same for all bots, but of no use for downloading.
    package let uniqueID: String
    package let size: Int64?
    /// What `download` takes.
    package let path: String?
}

extension BotAPIClient {
    /// Where a file is.
    package func getFile(_ id: String, as token: BotToken) async throws(BotAPIError) -> BotFile {
        var writer = JSONWriter()
        writer.object { $0.field("file_id", id) }
        let result = try await ask("getFile", .json(writer.finish()), as: token).result
        guard let id = result["file_id"]?.string else { throw .incomplete("a file") }
        return BotFile(
            id: id, uniqueID: result["file_unique_id"]?.string ?? "", size: result["file_size"]?.int64,
            path: result["file_path"]?.string)
    }

    /// A chat in full, as raw JSON.
    package func getChat(_ chat: Int64, as token: BotToken) async throws(BotAPIError) -> Bytes {
        var writer = JSONWriter()
        writer.object { $0.field("chat_id", chat) }
        return try await call("getChat", .json(writer.finish()), as: token).result
    }
}
