import Base
import BotAPI
import HTTPServer
import Testing
import Wire

@Suite struct BotFileTests {
    private let token: BotToken

    init() throws { token = try #require(FakeBotAPI.token) }

    private func whole(_ download: BotFileDownload) async throws -> Bytes {
        var bytes: [UInt8] = []
        while let piece = try await download.next() { bytes += piece }
        return Bytes(bytes)
    }

    @Test func `a file is lent piece by piece, with its head`() async throws {
        try await FakeBotAPI.open({ _ in
            .stream(fields: ["content-type": "image/jpeg"], length: 3_000_000) { writer in
                for number in 0..<3 as Range<UInt8> {
                    try await writer.write(Bytes([UInt8](repeating: number, count: 1_000_000)))
                }
            }
        }) { fake in
            let bytes = try await fake.client.download("photos/file 1é.jpg", as: token) { download in
                #expect(download.status == 200)
                #expect(download.length == 3_000_000)
                #expect(download.contentType == "image/jpeg")
                return try await whole(download)
            }
            #expect(bytes.count == 3_000_000)
            #expect(bytes.last == 2)
            #expect(
                fake.calls.map(\.path) == ["/file/bot42:AAFake-Token_0123456789/photos/file%201%C3%A9.jpg"])
        }
    }

    @Test func `a part of a file is asked for`() async throws {
        try await FakeBotAPI.open({ call in
            #expect(call.fields["range"] == "bytes=2-3")
            return FakeBotAPI.json("cd", status: 206, fields: ["content-range": "bytes 2-3/6"])
        }) { fake in
            try await fake.client.download("f", as: token, range: "bytes=2-3") { download in
                #expect(download.status == 206)
                #expect(download.contentRange == "bytes 2-3/6")
                let bytes = try await whole(download)
                #expect(bytes == "cd")
            }
        }
    }

    @Test func `a file that is not there is told so`() async throws {
        let json = #"{"ok":false,"error_code":404,"description":"Not Found"}"#
        try await FakeBotAPI.open(json, status: 404) { fake in
            let error = await #expect(throws: BotAPIError.self) {
                try await fake.client.download("f", as: token) { _ in }
            }
            #expect(error?.code == .notFound)
            #expect(error?.whole == Bytes(json))
        }
    }

    @Test(arguments: ["", "/etc/passwd", "a//b", "../x", "a/../b", "a/.", "a/"])
    func `a path that leads elsewhere is never asked for`(path: String) async throws {
        try await FakeBotAPI.open("x") { fake in
            let error = await #expect(throws: BotAPIError.self) {
                try await fake.client.download(path, as: token) { _ in }
            }
            #expect(error?.code == .badCall)
            #expect(fake.calls.isEmpty)
        }
    }

    @Test func `what is left of a file is cut off`() async throws {
        try await FakeBotAPI.open({ _ in
            .stream { writer in
                let piece = Bytes([UInt8](repeating: 1, count: 100_000))
                while true { try await writer.write(piece) }
            }
        }) { fake in
            let count = try await fake.client.download("f", as: token) { try await $0.next()?.count ?? 0 }
            #expect(count > 0)
        }
    }
}
