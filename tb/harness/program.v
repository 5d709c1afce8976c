// Runs an accelerator from a file of commands, on a clock of its own: the testbench language is not
// needed in any cycle. One command a line, numbers in hexadecimal:
//   w ROW MASK DATA      write a scratchpad row (masked by bank)
//   r ROW                read a scratchpad row
//   p ADDRESS DATA       write a program word
//   s LENGTH LIMIT       run the program; give up after LIMIT cycles
// Answers go to a file, in order:
//   d DATA               a row read
//   i CYCLES             an instruction has ended
//   p CYCLES NAN CONFLICT   the program has ended, with the status bits
//   t                    the program did not end within its limit
module program_harness;
  parameter BANKS = 8;
  parameter WORD_BITS = 72;
  parameter ROW_BITS = 13;
  parameter PROGRAM_BITS = 1;
  parameter ADDRESS_BITS = 1;
  parameter LENGTH_BITS = 1;
  parameter CYCLE_BITS = 32;

  reg clk = 0;
  reg rst = 1;
  always #500 clk = ~clk;

  reg running = 0;   // a program is running
  reg finished = 0;  // all commands are done

  reg request_valid = 0, request_write = 0;
  reg [ROW_BITS-1:0] request_row = 0;
  reg [BANKS-1:0] request_mask = 0;
  reg [BANKS*WORD_BITS-1:0] request_data = 0;
  wire request_ready, response_valid;
  wire [BANKS*WORD_BITS-1:0] response_data;
  reg program_valid = 0;
  reg [ADDRESS_BITS-1:0] program_address = 0;
  reg [PROGRAM_BITS-1:0] program_data = 0;
  reg start = 0;
  reg [LENGTH_BITS-1:0] length = 0;
  wire done, retired, nan, conflict;
  wire [CYCLE_BITS-1:0] cycles, retired_cycles;

  `DUT dut (
    .clk(clk),
    .rst(rst),
    .host_request__valid(request_valid),
    .host_request__ready(request_ready),
    .host_request__write(request_write),
    .host_request__row(request_row),
    .host_request__mask(request_mask),
    .host_request__data(request_data),
    .host_response__valid(response_valid),
    .host_response__data(response_data),
    .program_write__valid(program_valid),
    .program_write__address(program_address),
    .program_write__data(program_data),
    .start(start),
    .length(length),
    .busy(),
    .done(done),
    .retired(retired),
    .retired_cycles(retired_cycles),
    .cycles(cycles),
    .nan(nan),
    .conflict(conflict)
  );

  integer commands, answers, found;
  reg [ROW_BITS-1:0] row;
  reg [BANKS-1:0] mask;
  reg [BANKS*WORD_BITS-1:0] data;
  reg [ADDRESS_BITS-1:0] address;
  reg [PROGRAM_BITS-1:0] word;
  reg [LENGTH_BITS-1:0] count;
  reg [31:0] most;
  reg [8*1024-1:0] path;
  reg [7:0] kind;
  reg [31:0] elapsed = 0, limit = 0;
  reg [1:0] settle = 0;  // cycles for the last answers to arrive
  reg ended = 0;

  initial begin
    found = $value$plusargs("commands=%s", path);
    commands = $fopen(path, "r");
    found = $value$plusargs("answers=%s", path);
    answers = $fopen(path, "w");
  end

  always @(posedge clk) begin
    rst <= 0;
    start <= 0;
    program_valid <= 0;
    ended <= done;
    if (response_valid) $fwrite(answers, "d %h\n", response_data);
    if (retired) $fwrite(answers, "i %h\n", retired_cycles);
    if (running) begin
      elapsed <= elapsed + 1;
      if (ended) begin
        $fwrite(answers, "p %h %h %h\n", cycles, nan, conflict);
        running <= 0;
      end else if (elapsed == limit) begin
        $fwrite(answers, "t\n");
        running <= 0;
        settle <= 1;
      end
    end else if (settle != 0) begin
      settle <= settle + 1;
      if (settle == 3) begin
        $fclose(answers);
        finished <= 1;
      end
    end else if (!rst && !finished && (!request_valid || request_ready)) begin
      request_valid <= 0;
      if ($fscanf(commands, "%c", kind) != 1) settle <= 1;
      else
        case (kind)
          "w": begin
            found = $fscanf(commands, "%h %h %h\n", row, mask, data);
            request_row <= row;
            request_mask <= mask;
            request_data <= data;
            request_valid <= 1;
            request_write <= 1;
          end
          "r": begin
            found = $fscanf(commands, "%h\n", row);
            request_row <= row;
            request_mask <= {BANKS{1'b1}};
            request_valid <= 1;
            request_write <= 0;
          end
          "p": begin
            found = $fscanf(commands, "%h %h\n", address, word);
            program_address <= address;
            program_data <= word;
            program_valid <= 1;
          end
          "s": begin
            found = $fscanf(commands, "%h %h\n", count, most);
            length <= count;
            limit <= most;
            start <= 1;
            running <= 1;
            elapsed <= 0;
          end
          default: begin
            $fwrite(answers, "?\n");
            settle <= 1;
          end
        endcase
    end
  end
endmodule
