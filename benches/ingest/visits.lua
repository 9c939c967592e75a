-- Sends prepared requests through wrk, and prints what wrk measured as one line of numbers.
--
-- Argument: a file of whole HTTP requests, separated by the byte 4. In them the byte 1 stands for the number
-- of the request (12 hexadecimal digits), the byte 2 for a visitor (5 digits) and the byte 3 for an address:
-- so that ids are unique and a request costs the generator three short strings. See visits.rs, which writes
-- the file.

local VISITORS = 50000
local templates = {}
local count = 0

local function split(text)
  local parts, slots = {}, { {}, {}, {} }
  for plain, slot in text:gmatch("([^\1\2\3]*)([\1\2\3]?)") do
    if #plain > 0 then
      parts[#parts + 1] = plain
    end
    if #slot > 0 then
      parts[#parts + 1] = ""
      local places = slots[slot:byte()]
      places[#places + 1] = #parts
    end
  end
  return { parts = parts, slots = slots }
end

function init(args)
  local file = assert(io.open(args[1], "rb"))
  for text in file:read("*a"):gmatch("[^\4]+") do
    templates[#templates + 1] = split(text)
  end
  file:close()
end

local function fill(parts, places, text)
  for i = 1, #places do
    parts[places[i]] = text
  end
end

function request()
  count = count + 1
  local template = templates[count % #templates + 1]
  local parts, slots = template.parts, template.slots
  -- A prime step, so that visitors return, but never in the order in which they came.
  local visitor = count * 7919 % VISITORS
  fill(parts, slots[1], string.format("%012x", count))
  fill(parts, slots[2], string.format("%05x", visitor))
  if #slots[3] > 0 then
    fill(parts, slots[3], string.format("198.18.%d.%d", math.floor(visitor / 250), visitor % 250))
  end
  return table.concat(parts)
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format("figures %d %d %d %d %d %d",
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
