import Base
import Bots
import Foundation
import HTTPClient
import Identity
import Simulator
import StoreTesting
import Testing
import Wire

@testable import BotFacade

@Suite struct PassTests {
    @Test(arguments: Backend.allCases)
    func `a method reaches Telegram, and its answer the program`(backend: Backend) async throws {
        try await FacadeHouse.open(backend) { house in
            let token = try await house.token().text
            let me = try await house.call(token, "getMe")
            #expect(me.result["username"]?.string == "weather_bot")
            let sent = try await house.call(
                token, "sendMessage", Bytes(#"{"chat_id":\#(house.groups[0]),"text":"hi"}"#))
            #expect(sent.result["text"]?.string == "hi")
            let refused = try await house.call(token, "sendMessage", #"{"chat_id":1234567,"text":"hi"}"#)
            #expect(refused.status == 400)
            #expect(refused.words.hasPrefix("Bad Request: "))
        }
    }

    @Test func `a file of a form reaches Telegram`() async throws {
        try await FacadeHouse.open { house in
            let token = try await house.token().text
            let form =
                [
                    "name=\"chat_id\"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\(house.groups[0])",
                    "name=\"document\"; filename=\"Wetter \u{fc}.txt\"\r\nContent-Type: text/plain\r\n\r\nsunny\r\n",
                ].map { "--B\r\nContent-Disposition: form-data; \($0)\r\n" }.joined() + "--B--\r\n"
            let sent = try await house.call(
                token, "sendDocument", Bytes(form), type: "multipart/form-data; boundary=B")
            #expect(sent.status == 200)
            #expect(sent.result["document"]?["file_name"]?.string == "Wetter \u{fc}.txt")
            #expect(sent.result["document"]?["file_size"]?.int64 == 7)
        }
    }

    @Test func `a file that the cache has lost is fetched anew`() async throws {
        try await FacadeHouse.open { house in
            let token = try await house.token().text
            let form =
                [
                    "name=\"chat_id\"\r\n\r\n\(house.groups[0])",
                    "name=\"document\"; filename=\"a.txt\"\r\n\r\nsunny",
                ].map { "--B\r\nContent-Disposition: form-data; \($0)\r\n" }.joined() + "--B--\r\n"
            let sent = try await house.call(
                token, "sendDocument", Bytes(form), type: "multipart/form-data; boundary=B")
            let id = try #require(sent.result["document"]?["file_id"]?.string)
            let file = try await house.call(token, "getFile", Bytes(#"{"file_id":"\#(id)"}"#))
            let path = try #require(file.result["file_path"]?.string)
            for _ in 0..<2 {
                let answer = try await house.client.send(
                    .init(.get, "\(house.base)/file/bot\(token)/\(path)"))
                #expect(answer.status == 200 && answer.body == "sunny")
                let kept = try FileManager.default.contentsOfDirectory(atPath: house.folder)
                #expect(kept.count == 1)
                for name in kept { try FileManager.default.removeItem(atPath: "\(house.folder)/\(name)") }
            }
        }
    }

    @Test func `a key for one chat gets no further`() async throws {
        try await FacadeHouse.open { house in
            let token = try await house.token(["chat:\(house.groups[0])"]).text
            let (mine, other) = (house.groups[0], house.groups[1])
            for (method, json, status) in [
                ("sendMessage", #"{"chat_id":\#(mine),"text":"a"}"#, 200),
                ("sendMessage", #"{"chat_id":\#(other),"text":"a"}"#, 403),
                ("setMyName", #"{"chat_id":\#(mine),"name":"a"}"#, 403),
                ("getChat", #"{"chat_id":\#(other)}"#, 403),
                ("forwardMessage", #"{"chat_id":\#(mine),"from_chat_id":\#(other),"message_id":1}"#, 403),
            ] {
                let answer = try await house.call(token, method, Bytes(json))
                #expect(answer.status == status, "\(method) \(json)")
            }
            #expect(try await house.simulator.control("sends").array?.count == 1)
        }
    }

    @Test func `nobody is told the bot's own token, or may use it here`() async throws {
        try await FacadeHouse.open { house in
            #expect(try await house.call(house.realToken, "getMe").status == 401)
            let token = try await house.token().text
            for method in ["logOut", "close", "getManagedBotToken", "LogOut"] {
                let answer = try await house.call(token, method)
                #expect(answer.status == 403)
                #expect(!answer.words.contains(house.realToken))
            }
            #expect(try await house.call(token, "no-method").status == 404)
            #expect(
                try await house.call("\(house.bot.id + 1):" + token.drop { $0 != ":" }.dropFirst(), "getMe")
                    .status == 401)
        }
    }
}
